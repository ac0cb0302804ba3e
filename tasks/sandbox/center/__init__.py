"""The Admin Center page: what an admin sees of the tenant, as plain pages that the server makes."""
