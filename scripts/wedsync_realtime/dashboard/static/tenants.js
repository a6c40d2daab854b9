// The table of suppliers and couples against their limits: searched, sorted and paged by the server.

import { ask } from "./api.js";
import { count, el, meter, show } from "./dom.js";

const PAGE = 12; // rows
const TYPING = 200; // milliseconds without a key until what was typed is looked for
const NEAR = 0.8; // share of the limit from which it is worth a look

const COLUMNS = [
    { key: "name", text: "Name", first: "asc" },
    { key: "connections", text: "Connections", number: true, first: "desc" },
    { key: "subscriptions", text: "Subscriptions", number: true, first: "desc" },
    { key: "limit", text: "Limit", number: true, first: "desc" },
    { key: "share", text: "Used", first: "desc" },
];

const byId = (id) => document.getElementById(id);

export class Tenants {
    #query = { kind: "", search: "", sort: "share", direction: "desc", offset: 0 };
    #asked = 0;
    #open;

    /** open: called with the tenant that was chosen. failed: called with an error. */
    constructor(open, failed) {
        this.#open = open;
        const change = (changes) => {
            Object.assign(this.#query, { offset: 0 }, changes);
            this.update().catch(failed);
        };
        let typing;
        byId("tenants-kind").addEventListener("change", (event) =>
            change({ kind: event.target.value }),
        );
        byId("tenants-search").addEventListener("input", (event) => {
            clearTimeout(typing);
            typing = setTimeout(() => change({ search: event.target.value }), TYPING);
        });
        byId("tenants-form").addEventListener("submit", (event) => event.preventDefault());
        byId("tenants-previous").addEventListener("click", () =>
            change({ offset: this.#query.offset - PAGE }),
        );
        byId("tenants-next").addEventListener("click", () =>
            change({ offset: this.#query.offset + PAGE }),
        );
        this.#sort = (column) => {
            const { sort, direction } = this.#query;
            const turned = direction === "asc" ? "desc" : "asc";
            change({ sort: column.key, direction: sort === column.key ? turned : column.first });
        };
    }

    #sort;

    /** Fetch the page that is looked at, and show it. */
    async update() {
        const asked = ++this.#asked;
        const found = await ask("tenants", { ...this.#query, limit: PAGE });
        if (asked !== this.#asked) return; // something newer was asked for meanwhile
        if (!found.rows.length && this.#query.offset > 0) {
            this.#query.offset = Math.max(0, Math.floor((found.total - 1) / PAGE) * PAGE);
            await this.update();
            return;
        }
        const { sort, direction, offset } = this.#query;
        const table = byId("tenants");
        show(table.tHead, [sort, direction], () => [
            el("tr", {}, ...COLUMNS.map((each) => this.#heading(each))),
        ]);
        show(table.tBodies[0], found.rows, (rows) =>
            rows.length
                ? rows.map((row) => this.#row(row))
                : [
                      el(
                          "tr",
                          {},
                          el("td", {
                              colspan: COLUMNS.length,
                              class: "empty",
                              text: this.#query.search
                                  ? "Nobody is connected by this name."
                                  : "Nobody is connected.",
                          }),
                      ),
                  ],
        );
        const last = offset + found.rows.length;
        byId("tenants-count").textContent = found.total
            ? `${count(offset + 1)}–${count(last)} of ${count(found.total)}`
            : "";
        byId("tenants-previous").disabled = offset === 0;
        byId("tenants-next").disabled = last >= found.total;
    }

    #heading(column) {
        const { sort, direction } = this.#query;
        return el(
            "th",
            {
                scope: "col",
                class: `${column.key} ${column.number ? "number" : ""}`,
                "aria-sort":
                    sort === column.key && (direction === "asc" ? "ascending" : "descending"),
            },
            el("button", {
                type: "button",
                text: column.text,
                data: { keep: column.key },
                onclick: () => this.#sort(column),
            }),
        );
    }

    #row(tenant) {
        const status = tenant.share >= 1 ? "fail" : tenant.share >= NEAR ? "warn" : "";
        const name = el("button", {
            type: "button",
            class: "link",
            text: tenant.name || tenant.tenant_id,
            data: { keep: tenant.tenant_id },
            onclick: () => this.#open(tenant),
        });
        return el(
            "tr",
            {},
            el(
                "th",
                { scope: "row" },
                name,
                el(
                    "small",
                    {},
                    tenant.name && el("span", { class: "id", text: `${tenant.tenant_id} ` }),
                    tenant.kind,
                ),
            ),
            el("td", { class: "connections number", text: count(tenant.connections) }),
            el("td", { class: "subscriptions number", text: count(tenant.subscriptions) }),
            el("td", { class: "limit number", text: count(tenant.limit) }),
            el(
                "td",
                { class: "share" },
                el("span", { class: "quiet", text: `${Math.floor(tenant.share * 100)} %` }),
                meter(tenant.share, status),
            ),
        );
    }
}
