"""The functions (invokes), one module a service: each declares ``FUNCTIONS``; ``catalogue`` names them."""
