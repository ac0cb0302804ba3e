"""Limits of the values in the directory: what the SCIM contract answers with 400 (reference section 3.3)."""

import re
from zoneinfo import available_timezones

from tasks.sandbox.declared import ADDRESS
from tasks.sandbox.scim_refusals import ScimRefusal

LONGEST_ADDRESS, LONGEST_NAME, LONGEST_GROUP = 128, 60, 128

_LANGUAGES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en "
    "eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja "
    "jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb "
    "nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq "
    "sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
LANGUAGES = frozenset(_LANGUAGES.split())
"""ISO 639-1."""

_COUNTRIES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
COUNTRIES = frozenset(_COUNTRIES.split())
"""ISO 3166-1 alpha-2."""


def valid_address(value: str | None) -> str:
    """Return a ``userName`` without blanks around it. Raises a refusal (400)."""
    address = (value or "").strip()
    if not address:
        raise ScimRefusal(400, "userName is required", scim_type="invalidValue")
    if len(address) > LONGEST_ADDRESS or not re.fullmatch(ADDRESS, address):
        raise ScimRefusal(
            400, f"userName is an e-mail address of at most {LONGEST_ADDRESS} characters", scim_type="invalidValue"
        )
    return address


def require_valid_name(value: str | None) -> None:
    if value is not None and len(value) > LONGEST_NAME:
        raise ScimRefusal(400, f"A name holds at most {LONGEST_NAME} characters", scim_type="invalidValue")


def valid_locale(value: str) -> str:
    """Return a locale as the platform keeps it: ``en``, ``en_US``. A hyphen is read as well (assumed)."""
    language, *rest = value.replace("-", "_").split("_", 1)
    if language not in LANGUAGES or not COUNTRIES.issuperset(rest):
        raise ScimRefusal(
            400, "locale is a language of ISO 639, or that and a country of ISO 3166", scim_type="invalidValue"
        )
    return "_".join([language, *rest])


def require_valid_time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ScimRefusal(400, "timezone is none", scim_type="invalidValue")


def valid_group_name(value: str | None) -> str:
    """Return a ``displayName`` of a group without blanks around it. Raises a refusal (400)."""
    name = (value or "").strip()
    if not name or len(name) > LONGEST_GROUP:
        raise ScimRefusal(
            400, f"displayName is required, of at most {LONGEST_GROUP} characters", scim_type="invalidValue"
        )
    return name
