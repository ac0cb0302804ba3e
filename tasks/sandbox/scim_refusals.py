"""What the directory answers when it says no."""


class ScimRefusal(Exception):
    """The directory says no; what the call did until then is undone.

    ``status`` is that of the vendor's contract. ``standard_status`` is what RFC 7644 has where the contract is at odds
    with it (401 and 403 the other way round, 401 for a group that is missing), ``scim_type`` its keyword.
    """

    def __init__(
        self, status: int, description: str, *, scim_type: str | None = None, standard_status: int | None = None
    ) -> None:
        self.status = status
        self.description = description
        self.scim_type = scim_type
        self.standard_status = standard_status or status
        super().__init__(description)
