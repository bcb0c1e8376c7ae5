"""The control that chooses between light and dark: a form, so that no link of another site can change it."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from chejian_cloud.console.access_pages import Posted, safe_next
from chejian_cloud.console.language import COOKIE_SECONDS
from chejian_cloud.console.theme import COOKIE, SYSTEM, THEMES, theme_of
from chejian_cloud.errors import InvalidValueError

router = APIRouter(include_in_schema=False)


@router.post("/theme")
def post_theme(form: Posted) -> Response:
    """Keep a theme for this browser, and lead back to the page that it was chosen on."""
    theme = theme_of(form.get("theme"))
    if theme is None:
        raise InvalidValueError("theme", form.get("theme", "")[:20], ", ".join(THEMES))
    response = RedirectResponse(safe_next(form.get("next")), 303)
    if theme == SYSTEM:
        response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    else:
        response.set_cookie(COOKIE, theme, max_age=COOKIE_SECONDS, httponly=True, samesite="lax")
    return response
