#!/usr/bin/env python3
"""Measures the page in headless Chromium with a shipped model: how long it takes from the address to the first sample that is shown, what
is fetched meanwhile, and how much moves while a tab loads. The server is warm; each time the browser begins with an empty cache."""

import argparse
import statistics

from playwright.sync_api import Browser, sync_playwright

from browser import PATIENCE, launch
from check_page import TABS
from server import serving

TIMES = 10
VIEWPORTS = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
# Long enough for what comes late to move something.
REST = 1500
SCRIPT = """
window.moved = 0;
window.shifts = [];
new PerformanceObserver((list) => {
  for (const { value, sources } of list.getEntries()) {
    moved += value;
    shifts.push([value, ...sources.map(({ node, previousRect: a, currentRect: b }) =>
      `${node?.id || node?.className || node?.nodeName} ${a.x | 0},${a.y | 0} ${a.width | 0}x${a.height | 0} > ` +
      `${b.x | 0},${b.y | 0} ${b.width | 0}x${b.height | 0}`)]);
  }
}).observe({ type: "layout-shift", buffered: true });
const watch = new MutationObserver(async () => {
  const image = document.querySelector("#sample-grid img[src]");
  if (!image) return;
  watch.disconnect();
  await image.decode();
  requestAnimationFrame(() => requestAnimationFrame(() => (window.firstSample = performance.now())));
});
watch.observe(document, { subtree: true, childList: true, attributes: true });
"""
FETCHED = """
() => {
  const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const files = all.filter(({ name }) => !name.includes("/v1/") && !name.startsWith("data:"));
  return [firstSample, files.length, files.reduce((sum, { transferSize }) => sum + transferSize, 0)];
}
"""


def page_of(browser: Browser, viewport: dict):
    context = browser.new_context(viewport=viewport)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(SCRIPT)
    return context, page


def until(page, condition: str) -> None:
    while not page.evaluate(condition):
        page.wait_for_timeout(20)


def measure_start(browser: Browser, address: str) -> None:
    first, again, files, size = [], [], 0, 0
    for time in range(TIMES + 1):
        context, page = page_of(browser, VIEWPORTS["desktop"])
        for found in (first, again):
            page.goto("about:blank")
            page.goto(f"{address}/#sample")
            until(page, "window.firstSample !== undefined")
            shown, count, transferred = page.evaluate(FETCHED)
            # The first time warms the server up.
            if time > 0:
                found.append(shown)
            if found is first:
                files, size = count, transferred
        context.close()
    print(f"first sample: {statistics.median(first):.0f} ms, {statistics.median(again):.0f} ms with the page in the browser's cache")
    print(f"page: {files} requests, {size / 1000:.1f} kB as they are sent")


def measure_shifts(browser: Browser, address: str, is_told: bool) -> None:
    for name, viewport in VIEWPORTS.items():
        for tab, sign in TABS.items():
            context, page = page_of(browser, viewport)
            page.goto(f"{address}/#{tab}")
            page.wait_for_selector(sign)
            page.wait_for_timeout(REST)
            moved = page.evaluate("moved")
            print(f"layout shift, {tab} on a {name}: {moved:.4f}")
            if is_told:
                for shift in page.evaluate("shifts"):
                    print("   ", *shift, sep="\n      ")
            context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", action="append", help="a shipped model or a run; fashion-mnist otherwise, several may be given")
    parser.add_argument("--runs", default="runs", help="training runs that the server shows")
    parser.add_argument("--shifts", action="store_true", help="also say what moved")
    arguments = parser.parse_args()
    for model in arguments.model or ["fashion-mnist"]:
        with serving(model, "--runs", arguments.runs) as server, sync_playwright() as playwright:
            server.wait_for_reference()
            browser = launch(playwright)
            print(f"{model}, medians of {TIMES}:")
            measure_start(browser, server.address)
            measure_shifts(browser, server.address, arguments.shifts)
            browser.close()


if __name__ == "__main__":
    main()
