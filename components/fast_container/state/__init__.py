"""What the Pulumi engine sees of an image: its record, the hook that builds it, and what a program's images share."""
