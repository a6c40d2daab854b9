// Lines over time, one for each channel.

import { el } from "./dom.js";

const COLOURS = 8; // --c1 … --c8 of the style sheet
const HEIGHT = 230;
const SPAN = 3_600; // seconds of the time axis, however short the history is
const MINUTES = [60, 300, 600, 900, 1_800]; // distances of its ticks: no two have the same label
const FEW = 10; // times up to which each is marked, because a line between two says little

/** Return the CSS variable of the n-th line's colour. */
export const colour = (n) => `var(--c${(n % COLOURS) + 1})`;

/** What a colour of the style sheet comes to in the present scheme; canvas knows no variables. */
function resolved(expression) {
    const probe = document.createElement("i");
    probe.style.color = expression;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
}

export class Chart {
    #element;
    #plot = null;
    #names = "";
    #data = [[]];
    #until = 0;
    #format;

    #steps;
    #pointed;

    /**
     * format: turns a value of the axis into words.
     * steps: distances that the ticks of that axis may have, by default any.
     * pointed: called with the place under the pointer, null when it left.
     */
    constructor(element, { format, steps, pointed }) {
        this.#element = element;
        this.#format = format;
        this.#steps = steps;
        this.#pointed = pointed;
        new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(element);
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
            this.recolour(),
        );
    }

    /** Draw lines, each of a name and its values at the times (ISO 8601), over the hour until `at`. */
    draw({ times, lines }, at) {
        const names = JSON.stringify(lines.map((line) => line.name));
        this.#until = Date.parse(at) / 1000;
        this.#data = [
            times.map((time) => Date.parse(time) / 1000),
            ...lines.map((line) => line.values),
        ];
        if (!times.length) {
            this.#plot?.destroy();
            this.#plot = null;
            this.#names = "";
            this.#element.replaceChildren(
                el("p", {
                    class: "empty",
                    text: "No history yet: the job metrics writes it every minute.",
                }),
            );
            return;
        }
        if (this.#plot && names === this.#names) {
            this.#plot.setData(this.#data);
            return;
        }
        this.#names = names;
        this.recolour();
    }

    /** Draw anew in the colours of the present scheme. */
    recolour() {
        if (!this.#names) return; // nothing was drawn yet
        this.#element.replaceChildren();
        this.#plot = new uPlot(this.#options(JSON.parse(this.#names)), this.#data, this.#element);
    }

    #size() {
        return { width: Math.max(this.#element.clientWidth, 120), height: HEIGHT };
    }

    #options(names) {
        const axis = {
            stroke: resolved("var(--quiet)"),
            font: "12px system-ui, sans-serif",
            grid: { stroke: resolved("var(--line)"), width: 1 },
            ticks: { show: false },
        };
        return {
            ...this.#size(),
            padding: [12, 18, 0, 0],
            hooks: { setCursor: [(plot) => this.#pointed(plot.cursor.idx ?? null)] },
            cursor: { drag: { x: false, y: false }, points: { size: 6 } },
            scales: {
                x: { range: () => [this.#until - SPAN, this.#until] },
                y: { range: (_, __, highest) => [0, Math.max(highest * 1.1, 0.1)] },
            },
            axes: [
                {
                    ...axis,
                    size: 30,
                    incrs: MINUTES,
                    values: (_, ticks) =>
                        ticks.map((tick) => new Date(tick * 1000).toTimeString().slice(0, 5)),
                },
                {
                    ...axis,
                    size: 56,
                    incrs: this.#steps,
                    values: (_, ticks) => ticks.map((tick) => this.#format(tick)),
                },
            ],
            series: [
                {},
                ...names.map((label, n) => ({
                    label,
                    stroke: resolved(colour(n)),
                    width: 2,
                    points: { show: (plot) => plot.data[0].length <= FEW, size: 6 },
                })),
            ],
        };
    }
}
