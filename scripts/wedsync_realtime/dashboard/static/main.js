// Keep the page up to date: fetch, show, wait, again; less often when the database is away.

import { ask } from "./api.js";
import { Chart } from "./chart.js";
import { duration } from "./dom.js";
import { Explanation } from "./explain.js";
import { Finder } from "./finder.js";
import { showLag, showOverview, showRates } from "./overview.js";
import { Tenants } from "./tenants.js";

const EVERY = 2_000; // milliseconds between updates
const LONGEST = 15_000; // milliseconds between attempts while the database is away
const REST = 4; // at least so many times as long as an update took, nothing is asked for

const SECONDS = [
    0.001, 0.01, 0.1, 1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400,
];

const byId = (id) => document.getElementById(id);

// The token has done its work; the cookie goes on. So it stays out of history and bookmarks.
history.replaceState(null, "", "/");

const charts = {
    events: new Chart(byId("events-chart"), {
        format: (tick) => tick.toLocaleString("en"),
        pointed: showRates,
    }),
    lag: new Chart(byId("lag-chart"), { format: duration, steps: SECONDS, pointed: showLag }),
};
const explanation = new Explanation();
const tenants = new Tenants(
    (tenant) => explanation.open({ ...tenant, id: tenant.tenant_id }),
    troubled,
);
new Finder((found) => explanation.open(found), troubled);

document.addEventListener("explain", (event) => explanation.open(event.detail));

const theme = byId("theme");
theme.value = document.documentElement.dataset.theme ?? "";
theme.addEventListener("change", () => {
    if (theme.value) document.documentElement.dataset.theme = theme.value;
    else delete document.documentElement.dataset.theme;
    localStorage.setItem("theme", theme.value);
    for (const chart of Object.values(charts)) chart.recolour();
});

let wait = EVERY;
let timer;

async function update() {
    clearTimeout(timer);
    const start = performance.now();
    try {
        const [overview] = await Promise.all([ask("overview"), tenants.update()]);
        byId("database").textContent = overview.about.database;
        byId("version").textContent = `Version ${overview.about.version}.`;
        explanation.channels = overview.channels;
        showOverview(overview);
        for (const [name, chart] of Object.entries(charts)) chart.draw(overview[name], overview.at);
        live(overview.at);
        wait = Math.max(EVERY, REST * (performance.now() - start));
    } catch (error) {
        troubled(error);
    }
    if (!document.hidden) timer = setTimeout(update, wait);
}

function live(at) {
    byId("trouble").hidden = true;
    delete document.body.dataset.stale;
    state("live", "Live");
    byId("at").textContent = new Date(at).toLocaleTimeString("en-GB");
}

/** Say what is wrong; what is on the page stays, and pales. */
function troubled(error) {
    wait = Math.min(Math.max(wait, EVERY) * 1.5, LONGEST);
    byId("trouble").textContent = error.message;
    byId("trouble").hidden = false;
    document.body.dataset.stale = "";
    state("lost", "Trying again since");
    console.warn(error);
}

/** Tell a state once: a screen reader says it aloud. */
function state(name, text) {
    if (byId("live").dataset.state === name) return;
    byId("live").dataset.state = name;
    byId("live").textContent = text;
}

// Nobody looks at a hidden page, so nobody is asked for it.
document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else update();
});

update();
