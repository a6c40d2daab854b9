// The page: a couple's form on one side, the dashboards of three suppliers on the other.

import { connectToRelay, followWedding, type Wedding } from './dashboard'
import { cutNetwork } from './network'
import type { Status } from './realtime'

type Supplier = { id: string; name: string; user: string; userName: string; token: string; isTheirs: boolean }
type Cast = { websocket: string; couple: { id: string; name: string; token: string }; suppliers: Supplier[] }

const STATES = { connecting: 'Connecting', live: 'Live', behind: 'Behind', stopped: 'Closed' }
const REASONS: Record<string, string> = {
  subscribing: 'Subscribing …',
  reading: 'Reading the first copy …',
  disconnected: 'No network. What is shown may be old.',
  forbidden_channel: 'The database refuses: this couple is not among their clients.',
  rate_limited: 'Asked too often; waiting for a moment …',
}

/** Return an element below another. */
function find<E extends HTMLElement = HTMLElement>(below: ParentNode, selector: string): E {
  return below.querySelector<E>(selector)!
}

/** Ask the server of this page, as the bearer of a token. */
async function ask(token: string, method: string, path: string, body?: object): Promise<Response> {
  const headers = { Authorization: `Bearer ${token}` }
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) })
  if (!answer.ok) throw new Error((await answer.json()).error)
  return answer
}

/** What a dashboard shows of a wedding, by the name of its field in the form. */
function facts({ wedding_date, venue, details }: Wedding): Record<string, string> {
  const day = wedding_date && new Date(`${wedding_date}T00:00`)
  return { ...details, venue: venue ?? '', wedding_date: day ? day.toLocaleDateString(undefined, { dateStyle: 'long' }) : '' }
}

async function openDashboard(cast: Cast, supplier: Supplier): Promise<void> {
  const card = find<HTMLTemplateElement>(document, '#dashboard').content.firstElementChild!.cloneNode(true) as HTMLElement
  const again = find<HTMLButtonElement>(card, 'button')
  card.id = `supplier-${supplier.id}`
  find(card, 'h3').textContent = supplier.name
  find(card, '.who').textContent = `${supplier.userName} is signed in`
  find(document, '#dashboards').append(card)

  function show(wedding: Wedding | undefined): void {
    const shown = wedding ? facts(wedding) : {}
    for (const cell of card.querySelectorAll<HTMLElement>('dd')) {
      const text = shown[cell.dataset.field!] ?? ''
      if (cell.textContent === text) continue
      cell.textContent = text
      cell.classList.remove('changed')
      void cell.offsetWidth // starts the animation anew
      cell.classList.toggle('changed', text !== '')
    }
  }

  function tell({ state, why }: Status): void {
    card.dataset.state = state
    find(card, '.pill').textContent = STATES[state]
    find(card, '.why').textContent = REASONS[why] ?? why
    find(card, '.code').textContent = state === 'stopped' ? why : ''
    again.hidden = state !== 'stopped'
  }

  const transport = await connectToRelay(cast.websocket, supplier.user, () => supplier.token)
  const read = async () => (await ask(supplier.token, 'GET', '/wedding')).json()
  const open = () => followWedding(transport, cast.couple.id, read, show, tell)
  again.addEventListener('click', () => {
    find(card, 'h3').focus() // the button goes
    open()
  })
  open()
}

function openForm({ couple, suppliers }: Cast): void {
  const form = find<HTMLFormElement>(document, 'form')
  const saved = find(document, '#saved')
  let isSaving = false
  let isDirty = false

  async function save(): Promise<void> {
    isDirty = true
    if (isSaving) return
    isSaving = true
    try {
      while (isDirty) {
        isDirty = false
        await ask(couple.token, 'PUT', '/wedding', Object.fromEntries(new FormData(form)))
      }
      saved.textContent = 'Saved'
    } catch (error) {
      saved.textContent = `Not saved: ${(error as Error).message}`
    }
    isSaving = false
  }
  form.addEventListener('input', () => void save())
  form.addEventListener('submit', (event) => event.preventDefault())
  find(document, '#couple').textContent = couple.name

  for (const supplier of suppliers.filter((each) => each.isTheirs)) {
    const item = document.createElement('li')
    const name = document.createElement('span')
    const button = document.createElement('button')
    let isLinked = true
    name.textContent = supplier.name
    const label = () => {
      button.textContent = isLinked ? 'Unlink' : 'Link again'
      button.setAttribute('aria-label', `${button.textContent} ${supplier.name}`)
    }
    button.type = 'button'
    button.addEventListener('click', async () => {
      await ask(couple.token, isLinked ? 'DELETE' : 'PUT', `/suppliers/${supplier.id}`)
      isLinked = !isLinked
      label()
    })
    label()
    item.append(name, button)
    find(document, '#suppliers').append(item)
  }
}

function openSwitch(): void {
  const button = find<HTMLButtonElement>(document, '#network')
  button.addEventListener('click', () => {
    const isCut = button.getAttribute('aria-pressed') !== 'true'
    cutNetwork(isCut)
    button.setAttribute('aria-pressed', String(isCut))
  })
}

const cast: Cast = await (await fetch('/cast')).json()
openForm(cast)
openSwitch()
for (const supplier of cast.suppliers) void openDashboard(cast, supplier)
