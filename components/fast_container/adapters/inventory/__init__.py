"""What repositories and buckets hold, and how it is deleted there.

Decides how ECR and S3 are listed and what their answers mean: ``ecr_images`` (all images of a repository with what
their manifests say, and the deletion of some), ``ecr_settings`` (who may pull, what expires), ``ecr_details`` (age and
findings of scans, in few calls), ``s3_sources`` (the objects that remote builds were sent). Leaves what is deleted to
``core.cleanup``.
"""
