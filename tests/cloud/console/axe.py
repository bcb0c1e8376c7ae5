"""Accessibility of a page by axe-core: what breaks WCAG 2.2 at levels A and AA, whatever the browser's colour scheme."""

from collections.abc import Sequence

from playwright.sync_api import Page

from tools.bootstrap import AXE

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
_BY_TAGS = {"type": "tag", "values": list(TAGS)}
_BY_COLOUR = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""The only rules that a colour scheme can change."""
_CONTROLS = "a, button, input, select, textarea, summary, progress, meter"
"""What a browser paints by its own colour scheme where the page does not; all else has the one look of the console."""
_RUN = """
async ({ only, where }) => {
  const nodes = where ? [...document.querySelectorAll(where)] : [document];
  if (nodes.length === 0) return { passed: 0, violations: [] };
  const { violations, passes } = await axe.run({ include: nodes }, { runOnly: only, resultTypes: ['violations'] });
  return {
    passed: passes.length,
    violations: violations.flatMap((v) => v.nodes.map((node) => `${v.id}: ${node.target.join(' ')}: ${node.failureSummary}`)),
  };
}
"""


def violations(page: Page, tags: Sequence[str] = TAGS, *, dark: bool = True) -> list[str]:
    """What axe finds on the page as it stands, one line each, in the light scheme, and of the controls in the dark one.

    A page that is looked at in several languages needs `dark` in one of them: colours don't depend on the language.
    """
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text(encoding="utf-8"))  # not as a tag: the pages forbid inline scripts
    page.emulate_media(color_scheme="light")
    found = page.evaluate(_RUN, {"only": _BY_TAGS | {"values": list(tags)}, "where": ""})
    assert found["passed"] > 5, "axe looked at nothing"
    if not dark:
        return [*found["violations"]]
    page.emulate_media(color_scheme="dark")
    controls = page.evaluate(_RUN, {"only": _BY_COLOUR, "where": _CONTROLS})
    page.emulate_media(color_scheme="light")
    return [*found["violations"], *(f"dark: {line}" for line in controls["violations"])]
