// The search box: a combobox over users, suppliers and couples (ARIA: list autocomplete).

import { ask } from "./api.js";
import { el } from "./dom.js";

const TYPING = 200; // milliseconds without a key until what was typed is looked for
const SHORTEST = 2; // letters that are worth a search

/** Return what somebody is called: users have no name of their own. */
export const title = (found) =>
    found.name ?? found.tenant_name ?? (found.kind === "user" ? "User" : "(no name)");

export const kind = (found) =>
    found.kind === "user"
        ? found.tenant_kind
            ? `user of a ${found.tenant_kind}`
            : "user without a profile"
        : found.kind;

export class Finder {
    #input = document.getElementById("find");
    #list = document.getElementById("found");
    #open;
    #found = [];
    #chosen = -1;
    #asked = 0;

    /** open: called with who was chosen. failed: called with an error. */
    constructor(open, failed) {
        this.#open = open;
        let typing;
        this.#input.addEventListener("input", () => {
            clearTimeout(typing);
            typing = setTimeout(() => this.#search().catch(failed), TYPING);
        });
        this.#input.addEventListener("keydown", (event) => this.#key(event));
        this.#input.addEventListener("blur", () => this.#close());
        // Before the input loses the focus, which would close the list under the pointer.
        this.#list.addEventListener("mousedown", (event) => event.preventDefault());
        document.addEventListener("keydown", (event) => {
            if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
            if (event.target.closest("input, select, textarea, dialog")) return;
            event.preventDefault();
            this.#input.focus();
        });
    }

    async #search() {
        const term = this.#input.value.trim();
        const asked = ++this.#asked;
        if (term.length < SHORTEST) {
            this.#close();
            return;
        }
        const { rows } = await ask("people", { term });
        if (asked !== this.#asked || document.activeElement !== this.#input) return;
        this.#found = rows;
        this.#chosen = -1;
        this.#list.replaceChildren(
            ...(rows.length
                ? rows.map((row, n) => this.#option(row, n))
                : [el("li", { class: "quiet", text: `Nobody found by “${term}”.` })]),
        );
        this.#list.hidden = false;
        this.#input.setAttribute("aria-expanded", "true");
        this.#mark();
    }

    #option(row, n) {
        return el(
            "li",
            {
                role: "option",
                id: `found-${n}`,
                "aria-selected": "false",
                onclick: () => this.#choose(n),
            },
            title(row),
            el("small", {}, `${kind(row)} · `, el("span", { class: "id", text: row.id })),
        );
    }

    #key(event) {
        const steps = { ArrowDown: 1, ArrowUp: -1 };
        if (event.key in steps && this.#found.length) {
            event.preventDefault();
            const length = this.#found.length;
            this.#chosen =
                this.#chosen < 0 && event.key === "ArrowUp"
                    ? length - 1
                    : (this.#chosen + steps[event.key] + length) % length;
            this.#mark();
        } else if (event.key === "Enter" && this.#found.length) {
            event.preventDefault();
            this.#choose(Math.max(this.#chosen, 0));
        } else if (event.key === "Escape") {
            this.#close();
            this.#input.value = "";
        }
    }

    #mark() {
        for (const [n, option] of [...this.#list.children].entries()) {
            option.setAttribute("aria-selected", String(n === this.#chosen));
            if (n === this.#chosen) option.scrollIntoView({ block: "nearest" });
        }
        if (this.#chosen < 0) this.#input.removeAttribute("aria-activedescendant");
        else this.#input.setAttribute("aria-activedescendant", `found-${this.#chosen}`);
    }

    #choose(n) {
        const row = this.#found[n];
        this.#close();
        this.#open(row);
    }

    #close() {
        this.#asked += 1; // what is still under way comes too late
        this.#found = [];
        this.#chosen = -1;
        this.#list.hidden = true;
        this.#input.setAttribute("aria-expanded", "false");
        this.#input.removeAttribute("aria-activedescendant");
    }
}
