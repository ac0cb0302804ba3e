"""What products are called, on pages and in mails. The names are GoTo's (reference section 4.1)."""

PRODUCTS = {
    "G2M": "Meeting",
    "G2MFREE": "Meeting, free",
    "G2W": "Webinar",
    "G2T": "Training",
    "G2C": "Connect",
    "JIVE": "Connect (Jive)",
    "G2A": "Assist",
    "G2AC": "Assist Corporate",
    "OPENVOICE": "OpenVoice",
    "G2ASD": "Service Desk",
    "G2ASEEIT": "Seeit",
}


def product(code: str) -> str:
    """Return the name of a product, the code itself where there is none.

    >>> product("G2W"), product("G2W/Pro"), product("NEW")
    ('Webinar', 'Webinar (Pro)', 'NEW')
    """
    name, _, edition = code.partition("/")
    return PRODUCTS.get(name, name) + (f" ({edition})" if edition else "")
