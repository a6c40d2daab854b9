// Build and replace elements. Whatever comes from the database goes in as text, never as markup.

/** Return an element; `class`, `text`, `on<event>` and `data` are understood, the rest are attributes. */
export function el(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (value === undefined || value === null || value === false) continue;
        if (name === "class") element.className = value;
        else if (name === "text") element.textContent = value;
        else if (name === "data") Object.assign(element.dataset, value);
        else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
}

const shown = new WeakMap();

/**
 * Replace what a container holds, only when its data changed. An element with data-keep that had
 * the focus, or was open, has it again afterwards, so that an update disturbs nobody.
 */
export function show(container, data, build) {
    const text = JSON.stringify(data);
    if (shown.get(container) === text) return;
    shown.set(container, text);
    const focused =
        container.contains(document.activeElement) && document.activeElement.dataset.keep;
    const open = [...container.querySelectorAll("details[open]")].map((each) => each.dataset.keep);
    container.replaceChildren(...build(data));
    for (const each of container.querySelectorAll("[data-keep]")) {
        if (each.dataset.keep === focused) each.focus({ preventScroll: true });
        if (each instanceof HTMLDetailsElement && open.includes(each.dataset.keep))
            each.open = true;
    }
}

/** Return a bar that is filled to a share between 0 and 1; the number beside it is for readers. */
export function meter(share, status) {
    const fill = el("span");
    fill.style.width = `${Math.min(Math.max(share, 0), 1) * 100}%`;
    return el(
        "span",
        { class: "meter", "aria-hidden": "true", data: status ? { status } : {} },
        fill,
    );
}

export function badge(status, text = status) {
    return el("span", { class: "badge", data: { status }, text });
}

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** Return a count for people; from 100,000 on it is rounded. */
export function count(value) {
    if (value === null || value === undefined) return "–";
    return value < 100_000 ? whole.format(value) : short.format(value);
}

/** Return a count with what is counted: its singular, and an s for any number but one. */
export function counted(value, what) {
    return `${count(value)} ${what}${value === 1 ? "" : "s"}`;
}

export function rate(value) {
    if (value === null || value === undefined) return "–";
    if (value === 0) return "0";
    if (value < 0.01) return "< 0.01";
    return value < 10
        ? value.toFixed(2)
        : value < 100
          ? value.toFixed(1)
          : count(Math.round(value));
}

const UNITS = [
    ["ms", 0.001, 1],
    ["s", 1, 100],
    ["min", 60, 6_000],
    ["h", 3_600, 172_800],
    ["d", 86_400, Infinity],
];

/** Return a duration, given in seconds, in its largest fitting unit. */
export function duration(seconds) {
    if (seconds === null || seconds === undefined) return "–";
    const [unit, length] = UNITS.find(([, , until]) => seconds < until);
    return `${Number((seconds / length).toFixed(seconds < 10 * length ? 1 : 0))} ${unit}`;
}

/** Return the minute of a moment: refusals are counted in one row a minute. */
export const minute = (iso) => moment(iso).slice(0, -":00".length);

/** Return the time of day here, with the date when it is not today's. */
export function moment(iso) {
    if (!iso) return "–";
    const at = new Date(iso);
    const time = at.toLocaleTimeString("en-GB");
    return at.toDateString() === new Date().toDateString() ? time : `${iso.slice(0, 10)} ${time}`;
}
