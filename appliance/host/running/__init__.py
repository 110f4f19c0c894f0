"""Processes and services of this machine: starting this program again, stopping the gateway that systemd runs.

It must not know why, nor what the processes do.
"""
