"""A whole case over HTTP, as its people live it: phone, window, back-office, courier.

Knows nothing of the server's code: addresses and passwords come from ``var/addresses.json``, which
``make serve`` writes. Every step checks what it got; the first check that fails ends the demo.
"""
