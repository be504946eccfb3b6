"""The zipapp's ``__main__``: unpacks itself, since the process guard is a file that another Python runs, and builds."""

import sys
import tempfile
import zipfile

with tempfile.TemporaryDirectory(prefix="fast-container-") as folder:
    with zipfile.ZipFile(sys.path[0]) as archive:
        archive.extractall(folder)
    sys.path[0] = folder

    from fast_container.remote.main import main

    raise SystemExit(main())
