"""CDK's image assets: synthesis by aws-cdk-lib, publishing by cdk-assets.

``side`` decides how a job becomes an app and its calls. ``app.js`` is the app; ``docker_shim.py`` is the ``docker``
that cdk-assets calls where there is only BuildKit.
"""
