"""What the eye checks on a page: overlaps, cut-off text, contrast, words left in English."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

_COMMON = """
const visible = e => e.checkVisibility({opacityProperty: true, visibilityProperty: true})
  && e.getBoundingClientRect().width > 0 && e.getBoundingClientRect().height > 0;
const name = e => (e.id ? '#' + e.id : e.tagName.toLowerCase() + '.' + [...e.classList].join('.'))
  + ' "' + (e.innerText || e.getAttribute('aria-label') || '').trim().slice(0, 40) + '"';
const own = e => [...e.childNodes].filter(n => n.nodeType === 3)
  .map(n => n.textContent).join('').trim();
"""
#: Controls that lie over one another, or texts that reach over a control.
_OVERLAPS = f"""(within) => {{ {_COMMON}
  const kinds = 'button, input, select, .rr-finding, .rr-patient, .rr-saved, .rr-state,'
    + ' .rr-headline, h2, h3';
  const all = [...document.querySelector(within).querySelectorAll(kinds)].filter(visible)
    .filter(e => !e.closest('.v-input') || e.tagName === 'INPUT');
  const shown = e => {{  // the part that is not scrolled out of sight
    let r = e.getBoundingClientRect();
    let box = [r.left, r.top, r.right, r.bottom];
    for (let p = e.parentElement; p; p = p.parentElement) {{
      if (getComputedStyle(p).overflow === 'visible') continue;
      const c = p.getBoundingClientRect();
      box = [Math.max(box[0], c.left), Math.max(box[1], c.top), Math.min(box[2], c.right),
             Math.min(box[3], c.bottom)];
    }}
    return box;
  }};
  const found = [];
  const boxes = all.map(shown);
  for (let a = 0; a < all.length; a++) for (let b = a + 1; b < all.length; b++) {{
    if (all[a].contains(all[b]) || all[b].contains(all[a])) continue;
    const [p, q] = [boxes[a], boxes[b]];
    const width = Math.min(p[2], q[2]) - Math.max(p[0], q[0]);
    const height = Math.min(p[3], q[3]) - Math.max(p[1], q[1]);
    if (width > 1.5 && height > 1.5) found.push(name(all[a]) + ' over ' + name(all[b]));
  }}
  return found;
}}"""
#: Texts that do not fit into their box, unless they end in an ellipsis or can be scrolled to.
_CUT_OFF = f"""() => {{ {_COMMON}
  const found = [];
  for (const e of document.querySelectorAll('body *')) {{
    if (!visible(e) || !own(e) || ['SCRIPT', 'STYLE', 'OPTION'].includes(e.tagName)) continue;
    const style = getComputedStyle(e);
    const r = e.getBoundingClientRect();
    const clips = style.overflowX !== 'visible' && style.textOverflow !== 'ellipsis'
      && !['auto', 'scroll'].includes(style.overflowX);
    if (clips && e.scrollWidth > e.clientWidth + 1) found.push('cut off: ' + name(e));
    const bar = e.closest('.rr-bar, .rr-footer, .rr-actions, .rr-toolbar, .rv-strip, .rv-rail');
    if (!bar) continue;
    const outer = bar.getBoundingClientRect();
    if (r.left < outer.left - 1 || r.right > outer.right + 1 || r.top < outer.top - 1
        || r.bottom > outer.bottom + 1) found.push('outside its bar: ' + name(e));
  }}
  return found;
}}"""
_OUTSIDE = f"""() => {{ {_COMMON}
  const found = [];
  const regions = 'header, footer, aside, main, .rr-views, .rv-cell, .v-card';
  for (const e of document.querySelectorAll(regions)) {{
    const r = e.getBoundingClientRect();
    if (visible(e) && (r.left < -1 || r.top < -1 || r.right > innerWidth + 1
        || r.bottom > innerHeight + 1)) found.push(name(e));
  }}
  if (document.documentElement.scrollWidth > innerWidth) found.push('the page scrolls sideways');
  if (document.documentElement.scrollHeight > innerHeight) found.push('the page scrolls down');
  return found;
}}"""
#: WCAG 2 contrast of every text with the colour behind it; images and gradients are left out.
_CONTRAST = f"""(least) => {{ {_COMMON}
  const canvas = document.createElement('canvas').getContext('2d', {{willReadFrequently: true}});
  const rgba = text => {{
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    const d = canvas.getImageData(0, 0, 1, 1).data;
    return [d[0], d[1], d[2], d[3] / 255];
  }};
  const mix = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
  const luminance = c => {{
    const [r, g, b] = c.map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }};
  const behind = e => {{
    const layers = [];
    for (let p = e; p; p = p.parentElement) {{
      const style = getComputedStyle(p);
      if (style.backgroundImage !== 'none') return null;
      const c = rgba(style.backgroundColor);
      if (c[3] > 0) layers.push(c);
      if (c[3] === 1) break;
    }}
    return layers.reverse().reduce((below, top) => mix(top, below), [0, 0, 0]);
  }};
  const found = [];
  for (const e of document.querySelectorAll('body *')) {{
    if (!visible(e) || !own(e) || ['SCRIPT', 'STYLE', 'OPTION'].includes(e.tagName)) continue;
    if (e.closest('[disabled], .v-btn--disabled, .rv-over, .v-field__outline')) continue;
    const back = behind(e);
    if (!back) continue;
    const style = getComputedStyle(e);
    let opacity = 1;
    for (let p = e; p; p = p.parentElement) opacity *= parseFloat(getComputedStyle(p).opacity);
    const colour = rgba(style.color);
    colour[3] *= opacity;
    const ink = mix(colour, back);
    const [light, dark] = [luminance(ink), luminance(back)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const large = parseFloat(style.fontSize) >= 24
      || (parseFloat(style.fontSize) >= 18.66 && parseInt(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : least)) found.push(ratio.toFixed(2) + ' ' + name(e));
  }}
  return found;
}}"""
_TEXTS = f"""() => {{ {_COMMON}
  const texts = new Set();
  for (const e of document.querySelectorAll('body *')) {{
    if (!visible(e) || ['SCRIPT', 'STYLE'].includes(e.tagName)) continue;
    if (own(e)) texts.add(own(e));
    for (const a of ['title', 'aria-label', 'placeholder'])
      if (e.getAttribute(a)) texts.add(e.getAttribute(a));
  }}
  return [...texts];
}}"""


def wait_until_at_rest(page: Page) -> None:
    """Wait until nothing fades or slides any more; what turns for ever is left out."""
    page.wait_for_function(
        "() => document.getAnimations().every(a => a.playState !== 'running'"
        " || a.effect.getComputedTiming().iterations === Infinity)"
    )


def overlaps(page: Page, within: str = "body") -> list[str]:
    """Return the pairs of controls that lie over one another."""
    return list(page.evaluate(_OVERLAPS, within))


def cut_off(page: Page) -> list[str]:
    """Return the texts that cannot be read to their end."""
    return list(page.evaluate(_CUT_OFF))


def outside(page: Page) -> list[str]:
    """Return the regions that reach out of the window."""
    return list(page.evaluate(_OUTSIDE))


#: A dialog that is still fading in is faint for a moment; what runs for ever is not waited for.
_STILL = """() => document.getAnimations().every(a =>
    a.playState !== "running" || a.effect.getComputedTiming().iterations === Infinity)"""


def faint(page: Page, least: float = 4.5) -> list[str]:
    """Return the texts with less than WCAG AA contrast; disabled controls are exempt."""
    page.wait_for_function(_STILL)
    return list(page.evaluate(_CONTRAST, least))


def texts(page: Page) -> list[str]:
    """Return every text that is seen or spoken, tooltips and labels included."""
    found: list[Any] = page.evaluate(_TEXTS)
    return [str(text) for text in found]
