"""What the language host asks of pip at each operation, ``list -v --format json``, answered ten times as fast."""
