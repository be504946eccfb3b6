"""Registries: ``oci_registry`` speaks the distribution API over ``http_transport``, ``ecr`` adds Amazon's own calls.

``registries`` chooses between them and knows whose credentials to use; ``blob_copy`` copies an image by digest,
``image_resolver`` looks up external images, ``put_rate`` keeps within ECR's rates.
"""
