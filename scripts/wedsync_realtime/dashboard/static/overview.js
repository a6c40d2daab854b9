// The parts of the page that show the whole system: tiles, channels, refusals, activity.

import { colour } from "./chart.js";
import { badge, count, counted, duration, el, meter, minute, moment, rate, show } from "./dom.js";
import { showHealth, showJobs, showRelays } from "./state.js";

const byId = (id) => document.getElementById(id);

let shown; // the overview that is on the page
let place = { events: null, lag: null }; // where the pointer is in each chart

export function showOverview(overview) {
    shown = overview;
    showTiles(overview);
    showRates();
    showLag();
    show(byId("refusals").tBodies[0], overview.refusals, refusalRows);
    showHealth(overview.health);
    showJobs(overview.jobs);
    showRelays(overview.relays);
    showActivity(overview.activity);
}

function showTiles({ totals, health }) {
    const worst = ["fail", "warn", "ok"].find((status) =>
        health.some((check) => check.status === status),
    );
    const [failing, warnings] = ["fail", "warn"].map(
        (status) => health.filter((check) => check.status === status).length,
    );
    const found = failing
        ? `${failing} failing`
        : warnings
          ? counted(warnings, "warning")
          : "All well";
    const more =
        failing && warnings ? `and ${counted(warnings, "warning")}, ` : "";
    tile("health", found, `${more}${health.length} checks`, worst);
    tile(
        "connections",
        count(totals.connections),
        `${counted(totals.subscriptions, "subscription")} of ${counted(totals.tenants, "tenant")}`,
    );
    tile("events", rate(totals.events_per_second), "mean of the last minute");
    tile(
        "lag",
        totals.lagging ? duration(totals.lag) : "< 1 min",
        totals.lagging
            ? `${counted(totals.lagging, "subscription")} over a minute`
            : "everybody keeps up",
        totals.lagging ? "warn" : undefined,
    );
    tile("refused", count(totals.refused_hour), "calls answered with an error");
    tile(
        "limits",
        count(totals.near_limit),
        "tenants at 80 % or more",
        totals.at_limit ? "fail" : totals.near_limit ? "warn" : undefined,
    );
    byId("health-note").textContent = failing || warnings ? "" : "nothing to do";
}

function tile(name, figure, note, status) {
    const element = byId(`tile-${name}`);
    element.querySelector(".figure").textContent = figure;
    element.querySelector(".note").textContent = note;
    element.dataset.status = status ?? "";
}

/** Show the channels with their rates: the last minute's, or those under the pointer. */
export function showRates(pointed = place.events) {
    place.events = pointed;
    const { times, lines } = shown.events;
    byId("rate-heading").textContent =
        pointed === null ? "per s" : `per s, ${hourOf(times[pointed])}`;
    const rates = shown.channels.map((channel, n) =>
        pointed === null ? channel.events_per_second : lines[n]?.values[pointed],
    );
    show(byId("channels").tBodies[0], [shown.channels, rates], channelRows);
}

/** Show the lag under the pointer beside the title of its chart. */
export function showLag(pointed = place.lag) {
    place.lag = pointed;
    const { times, lines } = shown.lag;
    byId("lag-note").textContent =
        pointed === null
            ? "furthest behind, last hour"
            : `${duration(lines[0].values[pointed])} at ${hourOf(times[pointed])}`;
}

const hourOf = (iso) => new Date(iso).toTimeString().slice(0, 5);

function* channelRows([channels, rates]) {
    for (const [n, channel] of channels.entries()) {
        const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
        swatch.style.background = colour(n);
        yield el(
            "tr",
            {},
            el(
                "th",
                { scope: "row" },
                swatch,
                channel.name,
                channel.is_enabled ? null : badge("warn", "paused"),
            ),
            el("td", { class: "number", text: rate(rates[n]) }),
            ...["minute", "hour", "day"].map((span) =>
                el("td", { class: "number", text: count(channel[span]) }),
            ),
        );
    }
}

function refusalRows(refusals) {
    const most = Math.max(...refusals.map((each) => each.day), 1);
    const rows = refusals.map((each) =>
        el(
            "tr",
            {},
            el("th", { scope: "row" }, each.code, meter(each.day / most)),
            el("td", { class: "number", text: count(each.hour) }),
            el("td", { class: "number", text: count(each.day) }),
        ),
    );
    return rows.length
        ? rows
        : [el("tr", {}, el("td", { colspan: 3, class: "empty", text: "Nobody was refused." }))];
}

/** Return a button that asks main.js to explain a user. */
function userButton(id, n) {
    const detail = { kind: "user", id };
    return el("button", {
        type: "button",
        class: "link id",
        text: id,
        title: "Explain this user's access",
        data: { keep: `${id} ${n}` },
        onclick: () => document.dispatchEvent(new CustomEvent("explain", { detail })),
    });
}

function showActivity(activity) {
    const table = byId("activity");
    show(table.tHead, "activity", () => [
        el(
            "tr",
            {},
            ...["Time", "What", "Channel", "Reason", "User"].map((text) =>
                el("th", { scope: "col", text }),
            ),
        ),
    ]);
    show(table.tBodies[0], activity, (rows) =>
        rows.length
            ? rows.map((row, n) =>
                  el(
                      "tr",
                      {},
                      el("td", { text: row.times === null ? moment(row.at) : minute(row.at) }),
                      el(
                          "td",
                          {},
                          badge(row.what === "refused" ? "warn" : "", row.what),
                          row.times > 1 ? ` ${count(row.times)} times` : null,
                      ),
                      el("td", { text: row.channel ?? "" }),
                      el("td", { class: "quiet", text: row.code ?? row.reason ?? "" }),
                      el("td", {}, row.user_id ? userButton(row.user_id, n) : "–"),
                  ),
              )
            : [
                  el(
                      "tr",
                      {},
                      el("td", { colspan: 5, class: "empty", text: "Nothing has happened yet." }),
                  ),
              ],
    );
}
