"""Stand-in base images, made of Debian packages and PyPI wheels, served under the real images' names.

They are not copies of the real images: they have Debian's Python (3.13 of trixie, 3.11 of bookworm), its patch level
and paths (``dist-packages``); their ``apt-get`` and ``dnf`` only say that they install nothing. :data:`NAMES` says
which stand-in each name gets. They hold this host's certificates and package index settings, so that ``pip install`` in
a ``RUN`` step works if it works on the host.
"""

from localcloud.base_images.catalogue import NAMES, BaseImageKind, StandIn
from localcloud.base_images.frontend import ensure_frontend_image
from localcloud.base_images.making import ensure_base_image
from localcloud.base_images.serving import serve

__all__ = ["NAMES", "BaseImageKind", "StandIn", "ensure_base_image", "ensure_frontend_image", "serve"]
