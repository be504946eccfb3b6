"""The one model of images as registries and BuildKit describe them."""
