"""The machine under the product: init system, and later network, board and slots.

Thin adapters over the operating system; nothing here knows what the product does.
"""
