"""For tests, ours and yours: a fictional public-key infrastructure that issues what real ones issue, and worse.

Nothing here is for production: the keys live in the process and every field of a certificate can be wrong on purpose.
"""

__all__: list[str] = []
