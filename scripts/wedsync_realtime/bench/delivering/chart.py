"""Draw what a delivered change costs versus leases as SVG: pushed, polled, and Supabase's.

By hand, because a plotting library would be by far the package's biggest dependency for one
picture of three lines.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape

from wedsync_realtime.bench.delivering import delivered, walrus
from wedsync_realtime.bench.measure.figures import Figure, Ratio

# Milliseconds of realtime.list_changes per change, with row level security through a profile
# lookup, by subscribers of one supplier; supabase/walrus 6f3d262, PostgreSQL 15, 2 cores.
SUPABASE = {1: 1.06, 10: 2.5, 200: 27.0, 1_000: 132.0, 5_000: 835.0}

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 76, 150, 64, 56  # margins

_STYLE = """
    text { font: 13px system-ui, sans-serif; fill: #24292f }
    .title { font-weight: 600; font-size: 15px }
    .quiet { fill: #57606a }
    .grid { stroke: #d0d7de }
    .ours { stroke: #0969da; fill: #0969da }
    .polled { stroke: #8250df; fill: #8250df }
    .theirs { stroke: #cf222e; fill: #cf222e }
    polyline { stroke-width: 2.5; fill: none !important }
    .name { stroke: none; font-weight: 600 }
    @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3 } .quiet { fill: #8d96a0 } .grid { stroke: #30363d }
        .ours { stroke: #4493f8; fill: #4493f8 } .theirs { stroke: #f85149; fill: #f85149 }
        .polled { stroke: #a371f7; fill: #a371f7 }
    }
"""

Line = Mapping[int, float]  # milliseconds by number of leases


def draw(figures: Sequence[Figure]) -> str:
    """Return the chart of the figures that tell how many leases there were."""
    found = [figure for figure in figures if isinstance(figure, Ratio) and figure.leases]
    pushed = _line(found, delivered.SCENARIO, "pushed to")
    polled = _line(found, delivered.SCENARIO, "polled by")
    measured = {
        figure.leases or 0: figure.plain.wall * 1e3
        for figure in found
        if figure.scenario == walrus.SCENARIO
    }
    note = "in the same run" if measured else "measured apart, on 2 cores as well"
    return _svg(pushed, polled, measured or SUPABASE, note)


def _line(figures: Sequence[Ratio], scenario: str, what: str) -> Line:
    return {
        figure.leases or 0: figure.ours.wall * 1e3
        for figure in figures
        if figure.scenario == scenario and figure.what.startswith(what)
    }


def _svg(pushed: Line, polled: Line, theirs: Line, note: str) -> str:
    all_lines = (
        (pushed, "ours", "pushed"),
        (polled, "polled", "polled by each"),
        (theirs, "theirs", "Supabase"),
    )
    lines = [each for each in all_lines if each[0]]
    times = [time for line, _, _ in lines for time in line.values()]
    most = max(leases for line, _, _ in lines for leases in line)
    lowest = 10 ** math.floor(math.log10(min(times)))
    highest = 10 ** math.ceil(math.log10(max(times)))

    def x(leases: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log10(leases) / math.log10(most)

    def y(milliseconds: float) -> float:
        share = math.log10(milliseconds / lowest) / math.log10(highest / lowest)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>Database time of a change until everybody has it, by those who listen</title>",
        f"<style>{_STYLE}</style>",
        _text(16, 26, "Database time of a change until everybody has it", "title"),
        _text(
            16,
            45,
            f"ours: the insert, and one drain or a poll each; Supabase: apply_rls alone, {note}",
            "quiet",
        ),
    ]
    tick = lowest
    while tick <= highest * 1.001:
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}"'
            f' y2="{y(tick):.1f}"/>'
        )
        parts.append(_text(LEFT - 8, y(tick) + 4, f"{tick:,g} ms", "quiet", "end"))
        tick *= 10
    for leases in sorted({leases for line, _, _ in lines for leases in line}):
        parts.append(_text(x(leases), HEIGHT - BOTTOM + 22, f"{leases:,}", "quiet", "middle"))
    parts.append(
        _text(
            (LEFT + WIDTH - RIGHT) / 2,
            HEIGHT - 12,
            "subscribers of one supplier",
            "quiet",
            "middle",
        )
    )
    for line, kind, name in lines:
        points = [(x(leases), y(line[leases])) for leases in sorted(line)]
        parts.append(f'<g class="{kind}">')
        parts.append(f'<polyline points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4"/>' for a, b in points]
        last = line[max(line)]
        parts.append(_text(points[-1][0] + 10, points[-1][1] + 4, name, f"name {kind}"))
        parts.append(_text(points[-1][0] + 10, points[-1][1] + 20, f"{last:.3g} ms", "name"))
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'
    )
