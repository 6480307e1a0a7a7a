"""The look of the shop: one stylesheet, one frame, everything escaped."""

import hashlib
from html import escape

from werkzeug import Response

from sandbox.woocommerce_store.site import Site

STYLE = """
:root{--ink:#43454b;--dark:#2c2d33;--accent:#7f54b3;--line:#e6e6e6;--soft:#f8f8f8}*{box-sizing:border-box}
body{margin:0;font:16px/1.6 "Source Sans Pro",system-ui,sans-serif;color:var(--ink)}
header,main,footer{max-width:72rem;margin:0 auto;padding:1.25rem 1.5rem}
header{display:flex;gap:2rem;align-items:center;justify-content:space-between;flex-wrap:wrap}
header a.brand{font-size:1.6rem;font-weight:700;color:var(--dark);text-decoration:none}
.bar{border-bottom:1px solid var(--line);background:#fff}
footer{color:#6d6d6d;border-top:1px solid var(--line);margin-top:3rem;font-size:.9rem}a{color:var(--accent)}
h1,h2,h3{color:var(--dark);font-weight:400;line-height:1.25}form.search{display:flex;gap:.5rem}
input,button,select{font:inherit;padding:.5rem .75rem;border:1px solid #8a8a8a}
button,.button{background:#333;color:#fff;border:0;padding:.6rem 1.2rem;font-weight:600;
text-decoration:none;display:inline-block;cursor:pointer}.button.primary{background:var(--accent)}
.button.plain{background:#eee;color:#333}
ul.products{display:grid;grid-template-columns:repeat(auto-fill,minmax(12rem,1fr));gap:1.5rem;padding:0;
list-style:none}ul.products li{text-align:center}ul.products img{width:100%;aspect-ratio:1;display:block}
ul.products h3{font-size:1rem;margin:.6rem 0 .2rem}ul.products a{text-decoration:none}
.price ins{text-decoration:none;font-weight:700;background:none}.price del{color:#6d6d6d;margin-right:.3em}
.screen-reader-text{position:absolute;left:-999em}
.onsale{border:1px solid;padding:.1rem .5rem;font-size:.8rem;text-transform:uppercase;font-weight:700}
.product{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,3fr);gap:2.5rem}.product img{width:100%}
@media(max-width:45rem){.product{grid-template-columns:1fr}}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.6rem;border-bottom:1px solid var(--line)}
.note{background:var(--soft);border-left:3px solid var(--accent);padding:.6rem 1rem;margin:.5rem 0}
.note.customer{border-color:#0073aa}
.status{padding:.15rem .6rem;background:#c6e1c6;color:#2c4700;font-weight:600}
.status.on-hold{background:#f8dda7;color:#573b00}
.status.cancelled,.status.failed{background:#eba3a3;color:#570000}
.consent{max-width:32rem;margin:3rem auto;padding:2rem;border:1px solid var(--line)}
.pages{display:flex;gap:1rem}:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.meta{color:#6d6d6d;font-size:.9rem}
"""


def page(site: Site, title: str, body: str, status: int = 200, *, lang: str = "", query: str = "") -> Response:
    """Frame ``body`` (already escaped markup) as a page of the shop."""
    language = escape(lang or site.language)
    name = escape(site.name)
    html = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} – {name}</title><style>{STYLE}</style></head><body>"
        f'<div class="bar"><header><a class="brand" href="/">{name}</a>'
        '<form class="search" role="search" action="/">'
        '<label class="screen-reader-text" for="s">Search</label>'
        f'<input id="s" name="s" placeholder="Search products…" value="{escape(query)}">'
        "<button>Search</button></form>"
        '<nav><a href="/">Shop</a> · <a href="/cart/">Cart</a></nav></header></div>'
        f"<main>{body}</main><footer>{name} — a WooCommerce sandbox, no real goods.</footer></body></html>"
    )
    response = Response(html, status, content_type="text/html; charset=UTF-8")
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; img-src *"
    return response


def picture(name: str) -> Response:
    """Draw a placeholder photo: a colour of its own for each name."""
    hue = int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) % 360
    letter = escape(name[:1].upper() or "?")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 300"><rect width="300" height="300" '
        f'fill="hsl({hue} 35% 88%)"/><circle cx="150" cy="150" r="90" fill="hsl({hue} 40% 70%)"/>'
        f'<text x="150" '
        f'y="185" font-family="sans-serif" font-size="100" fill="#fff" '
        f'text-anchor="middle">{letter}</text></svg>'
    )
    return Response(svg, content_type="image/svg+xml")
