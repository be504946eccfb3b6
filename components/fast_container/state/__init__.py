"""What Pulumi's state knows of an image: the recording resource, the hook that builds, and the program they share."""
