"""Log-in by an identity provider of an organisation: OpenID Connect, authorization code with PKCE."""
