"""What we keep, and the rules of keeping it. Everything goes through the ``Records`` and ``Blobs`` ports."""
