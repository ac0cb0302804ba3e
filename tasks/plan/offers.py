"""What the rules ask of the tenant itself: products, their editions, templates. It must be there. Pure."""

import pandas as pd

from tasks.model.errors import BadPipeline
from tasks.model.pipeline import Pipeline
from tasks.model.state import TargetState
from tasks.plan.editions import edition_names, fold, split_product


def require_offered(pipeline: Pipeline, state: TargetState) -> None:
    """Raise ``BadPipeline`` if a rule that is switched on gives a product, an edition or a template that is not there.

    A licence that is switched off offers nothing.
    """
    live = state.licences[state.licences["enabled"].fillna(True).astype(bool)]
    offered = {product for products in live["products"] for product in products}
    for rule in pipeline.rules:
        wanted = [split_product(product) for product in rule.grant.products] if rule.enabled else []
        unknown = sorted({code for code, _ in wanted} - offered)
        if unknown:
            raise BadPipeline(
                f"Rule '{rule.name}' gives {', '.join(unknown)}, and no licence that is switched on has it.",
                remedy=f"The tenant offers {', '.join(sorted(offered)) or 'no product at all'}. "
                "Correct the rule, or buy the licence first, or switch it on.",
            )
        for code, edition in wanted:
            if edition is not None:
                _require_edition(rule.name, code, edition, live)
    welcome_templates(pipeline, state.templates)


def _require_edition(rule: str, code: str, edition: str, live: pd.DataFrame) -> None:
    fitting = live[[code in products for products in live["products"]]]
    if not any(fold(edition) in names for names in edition_names(fitting).values()):
        raise BadPipeline(
            f"Rule '{rule}' gives {code}/{edition}, and no licence with {code} that is switched on is of that edition.",
            remedy=f"The tenant has {code} as {'; '.join(_written(fitting)) or 'a licence without any name'}. "
            "Write one of these, or the code alone if any will do.",
        )


def _written(licences: pd.DataFrame) -> list[str]:
    """Return how the editions of *licences* can be written: description, or type."""
    named = zip(licences["description"], licences["type"], strict=True)
    either = (dict.fromkeys(f"'{name}'" for name in both if isinstance(name, str)) for both in named)
    return sorted({" or ".join(names) for names in either if names})


def welcome_templates(pipeline: Pipeline, templates: pd.DataFrame) -> dict[str, str]:
    """Return the e-mail templates that rules name (title or key) to their keys in TEMPLATES.

    A title is taken as it is written, else whatever its upper and lower case. Raises ``BadPipeline`` if there is no
    such template, or more than one.
    """
    named = {
        rule.grant.welcome_template: rule.name
        for rule in reversed(pipeline.rules)
        if rule.enabled and rule.grant.welcome_template is not None
    }
    return {name: _template_key(rule, name, templates) for name, rule in sorted(named.items())}


def _template_key(rule: str, name: str, templates: pd.DataFrame) -> str:
    titles = templates["title"].fillna("")
    for fits in (titles == name, templates["template_key"] == name, titles.map(fold) == fold(name)):
        keys = sorted(templates.loc[fits, "template_key"])
        if len(keys) == 1:
            return str(keys[0])
        if keys:
            raise BadPipeline(
                f"Rule '{rule}' names the e-mail template '{name}', and the tenant has {len(keys)} of that title.",
                remedy=f"Write the key of the one that is meant: {', '.join(keys)}.",
            )
    known = ", ".join(f"'{title}'" for title in sorted(set(titles) - {""}))
    raise BadPipeline(
        f"Rule '{rule}' names the e-mail template '{name}', which the tenant does not have.",
        remedy=f"Its templates are {known}." if known else "It has none: make it in the Admin Center first.",
    )
