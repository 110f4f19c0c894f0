"""Starts services in order, keeps child processes alive and stops everything in reverse order.

It knows processes, exit codes and backoff. It must not know what a service does, and never logs an environment.
"""
