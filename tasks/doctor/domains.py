"""Judge the organisation: a verified domain for every address, an admin who is one on both sides, groups of a size.

GoTo asks for both where a directory feeds it; elsewhere they are advice (GoTo reference, section 5).
"""

from collections.abc import Iterator

from tasks.doctor.facts import Facts, Organisation, Records
from tasks.doctor.lines import Line, Weight, ok, problem, unknown
from tasks.doctor.proofs import NEW_PREFIX, Proof
from tasks.model.pipeline import MAX_GROUP_MEMBERS

PRODUCT_ADMIN = frozenset({"SUPER_USER", "MANAGE_ACCOUNT"})
"""The roles of the portal that are called super admin and admin (GoTo reference 4.2)."""


def judge_organisation(facts: Facts) -> Iterator[Line]:
    """Yield a line for each domain of the rosters' addresses, most people first, and one for the admin."""
    weight = Weight.BLOCKS if facts.feeds_directory else Weight.ADVISES
    domains = sorted(facts.addresses, key=lambda name: (-facts.addresses[name], name))
    if not domains:
        yield unknown("domain", "No row that can be used names an address, so there is no domain to look at.")
    for domain in domains:
        yield _told(facts, domain, weight) if _tells(facts) else _published(facts, domain)
    yield _admin(facts, weight)
    if facts.large_groups:
        yield _large_groups(facts.large_groups)


def _large_groups(number: int) -> Line:
    groups = "1 directory group holds" if number == 1 else f"{number} directory groups hold"
    return problem(
        "directory groups",
        f"{groups} more than {MAX_GROUP_MEMBERS} members: nobody is put in or taken out there, leavers neither.",
        "See whether GoTo keeps the others when some are added (docs/target-goto.md, Large directory groups), and then "
        "set directory_patch: merge for the target. Until then change them by hand.",
        weight=Weight.ADVISES,
    )


def _tells(facts: Facts) -> bool:
    return facts.organisation is not None or not facts.has_organisation


def _told(facts: Facts, domain: str, weight: Weight) -> Line:
    """Judge a domain where the organisation can be asked."""
    organisation = facts.organisation or Organisation()
    status = organisation.domains.get(domain)
    people = _people(facts, domain)
    if status == "verified":
        return ok("domain", f"{domain} is verified ({people}).")
    if status is None:
        return problem(
            "domain",
            f"{domain} is not a domain of the organisation ({people}).",
            f"Add it at {facts.center}, then publish one of the two records that are given for it: {_ways(domain)}.",
            weight=weight,
        )
    return problem(
        "domain",
        f"{domain} was added and is not verified: {status} ({people}).",
        f"Publish {_ways(domain, organisation.codes.get(domain))}, and have it verified at {facts.center}.",
        weight=weight,
    )


def _published(facts: Facts, domain: str) -> Line:
    """Judge a domain where only what is published can be seen."""
    proof = facts.proofs.get(domain, Proof(domain, asked=False))
    people = _people(facts, domain)
    if proof.found_by:
        where = "in DNS" if proof.found_by == "dns" else "on its web server"
        return ok("domain", f"A verification record of {domain} is published {where} ({people}).")
    seen = "no verification record of it is published" if proof.asked else "it could not be looked up"
    return unknown(
        "domain",
        f"Whether {domain} is verified is not known: {seen} ({people}).",
        f"See {facts.center}. To verify it, publish {_ways(domain)}.",
    )


def _ways(domain: str, records: Records | None = None) -> str:
    """Return the two ways of publishing, each with its record; their codes are not the same."""
    place = f"http://{domain}/{NEW_PREFIX}.txt"
    if records is not None:
        return f"'{records.dns}' as a DNS TXT record of {domain}, or '{records.file}' as the whole of {place}"
    return (
        f"'{NEW_PREFIX}=<code>' as a DNS TXT record of {domain}, or as the whole of {place}; the Organization Center "
        "shows a code for each of the two"
    )


def _people(facts: Facts, domain: str) -> str:
    number = facts.addresses[domain]
    return "1 person" if number == 1 else f"{number} people"


def _admin(facts: Facts, weight: Weight) -> Line:
    """Somebody must be organisation admin and product admin, with an address in a verified domain.

    A sync reads only the caller and the organisation's admins, so who else is an admin is not known then.
    """
    product = [admin for admin in facts.admins or () if PRODUCT_ADMIN.intersection(admin.roles)]
    if facts.all_admins and not product:
        return problem(
            "organisation admin",
            "Nobody in the account is a super admin or admin.",
            "Make somebody a super admin in the Admin Center, and organisation admin in the Organization Center.",
            weight=weight,
        )
    if not _tells(facts):
        return _admin_by_trial(facts)
    if facts.admins is None:
        return unknown(
            "organisation admin",
            "The admins of the account could not be read, so it is not known whether one is organisation admin too.",
            f"See {facts.center}, under Users, and the Admin Center.",
        )
    organisation = facts.organisation or Organisation()
    both = [admin for admin in product if organisation.admins.get(admin.account_key) == "write"]
    if not both:
        readers = any(organisation.admins.get(admin.account_key) == "read" for admin in product)
        return problem(
            "organisation admin",
            "No admin of the account is an organisation admin with read and write."
            + (" One is organisation admin, but may only read." if readers else ""),
            f"Make one person both: the role in the Admin Center, and Admin (read & write) at {facts.center}.",
            weight=weight,
        )
    if not any(organisation.domains.get(admin.domain) == "verified" for admin in both):
        return problem(
            "organisation admin",
            "The address of the organisation admin who is also an admin of the account is in no verified domain.",
            "Verify that domain, or make somebody of a verified domain both.",
            weight=weight,
        )
    return ok("organisation admin", "An admin of the account is organisation admin too, in a verified domain.")


def _admin_by_trial(facts: Facts) -> Line:
    """Judge by what the person behind the token could do, where the organisation cannot be asked."""
    caller = next((admin for admin in facts.admins or () if admin.account_key == facts.caller_key), None)
    if facts.directory_role == "none" and facts.feeds_directory:
        return problem(
            "organisation admin",
            "The person behind the token may not read the organisation's directory.",
            f"Make them Admin (read & write) at {facts.center}, and see that the token has the scope "
            "'identity:scim.org'.",
        )
    if facts.directory_role == "read" and caller and PRODUCT_ADMIN.intersection(caller.roles):
        return unknown(
            "organisation admin",
            "The person behind the token reads the directory and is an admin of the account. Whether they may write "
            "there is seen at the first write only.",
            f"Their role at {facts.center} should be Admin (read & write).",
        )
    return unknown(
        "organisation admin",
        "Whether an admin of the account is organisation admin too cannot be asked of GoTo.",
        f"See {facts.center}, under Users: one of your admins should be Admin (read & write), in a verified domain.",
    )
