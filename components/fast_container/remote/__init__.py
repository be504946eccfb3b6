"""What runs inside a remote build: the same pipeline as on a laptop, with nothing installed but boto3 and buildx."""
