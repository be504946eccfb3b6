"""Short delivery tours."""

from shop_tours.tours import Stop, Tour, tour_of

__all__ = ["Stop", "Tour", "tour_of"]
