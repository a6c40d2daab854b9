// Ask the server of this page.

const PATIENCE = 15_000; // milliseconds until a request is given up

export class Unavailable extends Error {}

let start = ""; // the command that starts the server of this page

/** Return the answer of a path below /api. Throws Unavailable, which says why in words. */
export async function ask(path, parameters = {}) {
    const query = new URLSearchParams(parameters);
    let response;
    let answer;
    try {
        response = await fetch(`/api/${path}?${query}`, { signal: AbortSignal.timeout(PATIENCE) });
        if (response.status === 403) {
            throw new Unavailable(
                "This page was opened by an earlier dashboard. Open the address that it printed last.",
            );
        }
        answer = await response.json();
    } catch (error) {
        if (error instanceof Unavailable) throw error;
        throw new Unavailable(
            `The dashboard's process does not answer. Start it again${start && ` with ${start}`}.`,
        );
    }
    if (!response.ok) throw new Unavailable(`${answer.error} ${answer.fix}`);
    start = answer.about?.start ?? start;
    return answer;
}
