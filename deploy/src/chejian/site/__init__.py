"""The folder of an installation that `chejian init` makes: authority, certificates, secrets, rights on the broker."""

from chejian.site.make import Request, init_site

__all__ = ["Request", "init_site"]
