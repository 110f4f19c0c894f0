"""The decision who may connect, from the first request to hello, refusal or a wait for the owner.

Pure: it is handed the device, the clock and the locks. It must not know sockets or write anything but the locks.
"""
