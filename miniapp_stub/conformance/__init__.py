"""The conformance kit: the hand-off's hard cases, played against whoever claims to speak it.

``serve`` is the county for a vendor's client and judges what the client does (``county.py`` with
``scenes.py``, ``package_scenes.py``, ``event_scenes.py``). The check is a vendor's client for a
server and judges what the server answers (``checks.py``). Both end in a ``Report``.
"""
