// The dialog in which a search ends: what a user listens to, and what would become of a call.

import { ask } from "./api.js";
import { badge, count, duration, el, moment } from "./dom.js";
import { kind, title } from "./finder.js";

const OUTCOMES = { passed: "ok", refused: "fail" };
const KINDS = {
    supplier_id: "Supplier",
    couple_id: "Couple",
    wedding_id: "Wedding (or its couple)",
};

const OWN = { supplier_id: "supplier", couple_id: "couple", wedding_id: "couple" };

export class Explanation {
    #dialog = document.getElementById("explain");
    #title = document.getElementById("explain-title");
    #who = document.getElementById("explain-who");
    #body = document.getElementById("explain-body");
    #channels = [];
    #opened = 0; // counts what was asked for, so that a late answer is left out
    #explained = 0;

    constructor() {
        // A click beside the dialog closes it, as Escape does.
        this.#dialog.addEventListener("click", (event) => {
            if (event.target === this.#dialog) this.#dialog.close();
        });
        this.#dialog.addEventListener("close", () => {
            this.#opened += 1;
        });
    }

    /** Take over the registry of channels: their names, and what their filter is called. */
    set channels(channels) {
        this.#channels = channels;
    }

    /** Show a user, or the users of a supplier or couple. */
    async open(chosen) {
        const found = chosen.kind === "user" ? await this.#known(chosen) : chosen;
        this.#title.textContent = title(found);
        this.#who.replaceChildren(`${kind(found)} · `, el("span", { class: "id", text: found.id }));
        if (!this.#dialog.open) this.#dialog.showModal();
        await this.#fill(found.kind === "user" ? this.#user(found) : this.#users(found));
    }

    /** Add what is known of a user, where no more than the id came along. */
    async #known(user) {
        if (user.tenant_id !== undefined) return user;
        const found = await ask("people", { term: user.id }).catch(() => ({ rows: [] }));
        return found.rows.find((row) => row.kind === "user") ?? user;
    }

    async #fill(content) {
        const opened = ++this.#opened;
        let children;
        try {
            children = await content;
        } catch (error) {
            children = [
                el("p", {
                    class: "verdict",
                    data: { status: "fail" },
                    role: "alert",
                    text: error.message,
                }),
            ];
        }
        if (opened !== this.#opened) return;
        this.#body.replaceChildren(...children);
        this.#body.querySelector("select, button")?.focus();
    }

    async #users(tenant) {
        const rows = (await ask("people", { term: tenant.id })).rows.filter(
            (row) => row.kind === "user",
        );
        if (!rows.length)
            return [el("p", { class: "empty", text: "No user has a profile of this tenant." })];
        return [
            el("h3", { text: "Whose access?" }),
            el(
                "ul",
                { class: "people" },
                ...rows.map((user) =>
                    el(
                        "li",
                        {},
                        el(
                            "button",
                            { type: "button", class: "link", onclick: () => this.open(user) },
                            el("span", { class: "id", text: user.id }),
                        ),
                    ),
                ),
            ),
        ];
    }

    async #user(user) {
        const { rows } = await ask("leases", { user: user.id });
        const answer = el("div", { "aria-live": "polite" });
        return [this.#leases(rows), this.#form(user, answer), answer];
    }

    #leases(rows) {
        if (!rows.length) return el("p", { text: "Listens to nothing now." });
        const headings = ["Listens to", "Since", "Last sign of life", "Events sent", "Behind"];
        return el(
            "div",
            { class: "scroll" },
            el(
                "table",
                {},
                el(
                    "thead",
                    {},
                    el("tr", {}, ...headings.map((text) => el("th", { scope: "col", text }))),
                ),
                el(
                    "tbody",
                    {},
                    ...rows.map((row) =>
                        el(
                            "tr",
                            {},
                            el("th", { scope: "row", text: row.channel }),
                            el("td", { text: moment(row.since) }),
                            el("td", { text: `${duration(row.silent_for)} ago` }),
                            el("td", { class: "number", text: count(row.events_sent) }),
                            el("td", { text: row.lag ? duration(row.lag) : "no" }),
                        ),
                    ),
                ),
            ),
        );
    }

    #form(user, answer) {
        const channel = el(
            "select",
            { name: "channel" },
            ...this.#channels.map(({ name }) => el("option", { text: name })),
        );
        const key = el("span");
        const id = el("input", {
            name: "tenant",
            spellcheck: "false",
            autocomplete: "off",
            class: "id",
        });
        const explain = async () => {
            const explained = ++this.#explained;
            const filter = this.#channels.find(({ name }) => name === channel.value)?.filter_key;
            let children;
            try {
                const { rows } = await ask("explain", {
                    user: user.id,
                    channel: channel.value,
                    key: filter,
                    tenant: id.value.trim(),
                });
                children = steps(rows, channel.value);
            } catch (error) {
                children = [
                    el("p", { class: "verdict", data: { status: "fail" }, text: error.message }),
                ];
            }
            if (explained === this.#explained) answer.replaceChildren(...children);
        };
        const chosen = () => {
            const filter = this.#channels.find(({ name }) => name === channel.value)?.filter_key;
            key.textContent = KINDS[filter] ?? filter ?? "";
            // An id that was typed in stays; the user's own is filled in where it is asked for.
            if (id.value === own) {
                own = OWN[filter] === user.tenant_kind ? (user.tenant_id ?? "") : "";
                id.value = own;
            }
            explain();
        };
        let own = "";
        channel.addEventListener("change", chosen);
        const form = el(
            "form",
            {
                class: "ask",
                onsubmit: (event) => {
                    event.preventDefault();
                    explain();
                },
            },
            el("label", {}, "Subscribing to", channel),
            el("label", {}, key, id),
            el("button", { class: "whole", text: "Explain" }),
        );
        chosen();
        return form;
    }
}

/** Return the steps of the decision, under the one sentence that sums them up. */
function steps(rows, channel) {
    const refused = rows.find((row) => row.outcome === "refused");
    const verdict = refused
        ? `Would be refused: ${refused.explanation}`
        : `Would be admitted to ${channel}.`;
    return [
        el("p", { class: "verdict", data: { status: refused ? "fail" : "ok" }, text: verdict }),
        el(
            "ol",
            { class: "steps" },
            ...rows.map((row) =>
                el(
                    "li",
                    {},
                    badge(OUTCOMES[row.outcome] ?? "", row.outcome),
                    el("strong", { text: row.topic }),
                    row.explanation ? el("p", { text: row.explanation }) : null,
                ),
            ),
        ),
    ];
}
