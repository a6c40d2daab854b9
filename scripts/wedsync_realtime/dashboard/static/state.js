// The parts of the page that show how the system itself is: health, jobs, relays.

import { badge, count, counted, duration, el, moment, show } from "./dom.js";

const byId = (id) => document.getElementById(id);

/** Show the checks, those that found something first. */
export function showHealth(health) {
    show(byId("health"), health, healthItems);
}

function healthItems(health) {
    const items = (checks) =>
        checks.map((check) =>
            el(
                "li",
                {},
                el(
                    "div",
                    { class: "line" },
                    badge(check.status),
                    el("span", { class: "name", text: check.name }),
                    check.status === "ok"
                        ? el("span", { class: "value", text: check.value })
                        : null,
                ),
                ...(check.status === "ok"
                    ? []
                    : [
                          el("p", { class: "advice", text: check.value }),
                          el("p", { class: "advice", text: check.advice }),
                          check.sql
                              ? el("pre", {
                                    text: check.sql,
                                    tabindex: 0,
                                    data: { keep: `sql ${check.name}` },
                                })
                              : null,
                      ]),
            ),
        );
    const well = health.filter((check) => check.status === "ok");
    return [
        ...items(health.filter((check) => check.status !== "ok")),
        el(
            "li",
            {},
            el(
                "details",
                { data: { keep: "well" } },
                el("summary", {
                    data: { keep: "well summary" },
                    text: `${well.length} of ${health.length} checks are well`,
                }),
                el("ul", { class: "checks" }, ...items(well)),
            ),
        ),
    ];
}

/** Show the jobs with their last runs. */
export function showJobs(jobs) {
    show(byId("jobs"), jobs, jobItems);
}

function jobItems(jobs) {
    if (!jobs.length) return [el("li", { class: "empty", text: "No job has run yet." })];
    return jobs.map((job) =>
        el(
            "li",
            {},
            el(
                "div",
                { class: "line" },
                badge(job.status, job.found === "never" ? "waiting" : job.found),
                el("span", { class: "name", text: job.name }),
                el("span", { class: "value", text: job.schedule ?? "" }),
            ),
            el("p", {
                class: "quiet",
                text: job.succeeded_at
                    ? `last success ${moment(job.succeeded_at)}, took ${duration(job.duration)}, ${count(job.rows)} rows`
                    : job.found === "never"
                      ? "has not run yet"
                      : "has never succeeded",
            }),
            job.error ? el("p", { class: "advice", text: job.error }) : null,
        ),
    );
}

/** Show the relays, where one has reported. */
export function showRelays(relays) {
    byId("relays-card").hidden = !relays.length;
    if (!relays.length) return;
    const leader = relays.find((relay) => relay.found === "leads");
    byId("relays-note").textContent = leader
        ? `${counted(leader.connections ?? 0, "connection")}, lag ${duration(leader.lag)}`
        : "nothing is pushed";
    show(byId("relays"), relays, relayItems);
}

function relayItems(relays) {
    return relays.map((relay) => {
        const done = [
            [relay.published, "published"],
            [relay.lag_events, "not yet"],
            [relay.logins, "let in"],
            [relay.kicks, "kicked"],
            [relay.slow_consumers, "too slow"],
        ];
        const reasons = Object.entries(relay.refused)
            .sort(([, one], [, other]) => other - one)
            .map(([reason, times]) => `${reason} ${count(times)}`);
        return el(
            "li",
            {},
            el(
                "div",
                { class: "line" },
                badge(relay.status, relay.found),
                el("span", { class: "name id", text: relay.id.slice(0, 8), title: relay.id }),
                el("span", { class: "value", text: `seen ${moment(relay.seen_at)}` }),
            ),
            el("p", {
                class: "quiet",
                text: done
                    .filter(([times]) => times)
                    .map(([times, what]) => `${count(times)} ${what}`)
                    .join(", "),
            }),
            relay.refusals
                ? el("p", {
                      class: "quiet",
                      text: `${count(relay.refusals)} refused: ${reasons.join(", ")}`,
                  })
                : null,
            relay.error
                ? el("p", { class: "advice", text: `${moment(relay.failed_at)} ${relay.error}` })
                : null,
        );
    });
}
