// The page shows all without this. It refreshes what is shown, applies forms as they change, and slides over samples.
'use strict'

const every = 5000 // Milliseconds between refreshes.

document.documentElement.classList.add('js')

// morph makes one element like another, and keeps what need not change: focus, choices, pictures that are shown.
function morph(old, now) {
  if (old.isEqualNode(now)) return
  for (const { name } of [...old.attributes]) {
    if (!now.hasAttribute(name) && name !== 'hidden') old.removeAttribute(name)
  }
  for (const { name, value } of now.attributes) {
    if (name === 'src' && old.dataset.source) continue // The slider chooses it.
    if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  }
  const before = [...old.childNodes]
  const after = [...now.childNodes]
  const isKeyed = after.some(node => node.dataset?.key !== undefined)
  const alike = before.length === after.length && before.every((node, i) => node.nodeName === after[i].nodeName)
  if (isKeyed) {
    morphKeyed(old, after)
  } else if (alike) {
    before.forEach((node, i) => {
      if (node.nodeType === Node.ELEMENT_NODE) morph(node, after[i])
      else if (node.data !== after[i].data) node.data = after[i].data
    })
  } else {
    old.replaceChildren(...after)
  }
}

// morphKeyed does the same for children that are told apart by their keys.
function morphKeyed(old, after) {
  const known = new Map([...old.children].map(child => [child.dataset.key, child]))
  const order = after.filter(node => node.nodeType === Node.ELEMENT_NODE).map(node => {
    const child = known.get(node.dataset.key)
    if (!child) return node
    morph(child, node)
    return child
  })
  if (order.length === old.children.length && order.every((child, i) => child === old.children[i])) return
  const focused = document.activeElement
  old.replaceChildren(...order)
  if (old.contains(focused)) focused.focus({ preventScroll: true })
}

let asked = 0

// refresh shows what the server now says at this address.
async function refresh() {
  const mine = ++asked
  let text
  try {
    const response = await fetch(location.href)
    text = await response.text()
  } catch {
    document.getElementById('lost').hidden = false
    return
  }
  if (mine !== asked) return // A later request is under way.
  document.getElementById('lost').hidden = true
  const fresh = new DOMParser().parseFromString(text, 'text/html')
  const wasLast = isLast()
  for (const id of ['top', 'content']) {
    const now = fresh.getElementById(id)
    if (now) morph(document.getElementById(id), now)
  }
  if (wasLast) slider().value = slider().max
  slide()
}

// slider is the one over the steps of samples, if there is one.
const slider = () => document.querySelector('#samples input[type=range]')

const isLast = () => slider() !== null && slider().value === slider().max

// numbers reads a list of steps.
const numbers = text => text.split(' ').map(Number)

// slide shows the samples of the slider's step: of each run the last ones until then.
function slide() {
  if (!slider()) return
  const step = numbers(slider().dataset.steps)[slider().value]
  slider().form.querySelector('output').textContent = step
  slider().setAttribute('aria-valuetext', `step ${step}`)
  for (const image of document.querySelectorAll('img[data-source]')) {
    const steps = numbers(image.dataset.steps)
    const shown = steps.filter(s => s <= step).at(-1) ?? steps[0]
    const address = image.dataset.source + shown
    if (image.getAttribute('src') !== address) image.setAttribute('src', address)
    image.closest('figure').querySelector('.at').textContent = `at step ${shown}`
  }
}

let playing = 0

// play shows the samples of all steps as a film, or stops it.
function play() {
  const button = document.getElementById('play')
  if (playing) {
    clearInterval(playing)
    playing = 0
    button.textContent = 'Play'
    return
  }
  if (isLast()) slider().value = 0
  button.textContent = 'Stop'
  playing = setInterval(() => {
    if (!slider() || isLast()) return play()
    slider().value = Number(slider().value) + 1
    slide()
  }, 250)
}

// apply puts what a form says into the address, and shows that.
function apply(form) {
  const address = new URL(location.href)
  const said = new FormData(form)
  for (const name of new Set(said.keys())) address.searchParams.delete(name)
  for (const [name, value] of said) if (value !== '') address.searchParams.append(name, value)
  history.replaceState(null, '', address)
  refresh()
}

let waiting = 0

document.addEventListener('input', event => {
  if (event.target === slider()) slide()
  const form = event.target.form
  if (!form || form.dataset.live === undefined) return
  clearTimeout(waiting)
  waiting = setTimeout(() => apply(form), event.target.type === 'search' ? 200 : 0)
})

document.addEventListener('submit', event => {
  const form = event.target
  if (form.dataset.live === undefined) return
  event.preventDefault()
  apply(form)
})

document.addEventListener('click', event => {
  if (event.target.id === 'play') play()
})

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) refresh()
})

setInterval(() => {
  if (!document.hidden) refresh()
}, every)
