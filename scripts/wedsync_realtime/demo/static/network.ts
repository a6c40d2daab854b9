// A switch for the network: cut, it closes the page's WebSockets, and new ones as they are opened.

const sockets = new Set<WebSocket>()
let isCut = false

globalThis.WebSocket = class extends WebSocket {
  constructor(url: string | URL) {
    super(url)
    sockets.add(this)
    this.addEventListener('close', () => sockets.delete(this))
    if (isCut) this.close()
  }
}

export function cutNetwork(cut: boolean): void {
  isCut = cut
  if (cut) for (const socket of sockets) socket.close()
}
