"""The web console: pages of Chejian that run without Grafana, in Chinese first and English second.

Templates give the frame and the text; the browser reads the numbers from `/api/v1` and stays live through
`/api/v1/stream`. Nothing is loaded from another host.
"""

from chejian_cloud.console.routes import mount

__all__ = ["mount"]
