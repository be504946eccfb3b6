"""Registries: lookups, tags, copies, and the names of external images.

Decides what an answer of a registry means: 404 is "absent", and every other failure is an error, never "absent" and
never "present". ``registries`` is the way in: it chooses an adapter for a repository's URL and its credentials, when it
is first asked (``deferred``), and an interrupted run does not wait for it for long (``patience``). ``oci_registry``
speaks the distribution API, ``ecr`` adds Amazon's own calls. Below them: ``http_transport`` (whole answers, redirects,
retries), ``connections`` (TLS, reuse), ``exchange`` (limits of time and size), ``proxies``, ``login`` (challenges, and
who gets credentials), ``answers`` (an answer beyond its status), ``put_rate`` (ECR's limits), ``unreachable`` (the
error when there is no answer). ``blob_pieces`` reads a blob piece by piece, ``blob_copy`` copies an image by digest,
``image_resolver`` looks up external images, ``layer_start`` reads the first bytes of a layer, ``referrers`` keeps
artifacts beside an image, ``key_tags`` lists the keys of a repository, ``referrer_copy`` takes
artifacts along with a copied image, ``ecr_scan`` reads ECR's scans.

Leaves manifests, configurations and names to ``core.oci``; ``build`` decides when a registry is asked.
"""
