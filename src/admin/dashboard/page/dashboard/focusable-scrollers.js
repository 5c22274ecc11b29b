/** Tables that are wider or longer than their place can be scrolled from the keyboard; others are no stop of the Tab key. */
export function watchScrollers() {
  const observer = new ResizeObserver((entries) => {
    const scrollers = entries.map(({ target }) => target.closest('.scroller'))
    for (const scroller of new Set(scrollers)) if (scroller instanceof HTMLElement) update(scroller)
  })
  const watch = (/** @type {ParentNode} */ root) => {
    for (const scroller of root.querySelectorAll('.scroller')) {
      observer.observe(scroller)
      if (scroller.firstElementChild !== null) observer.observe(scroller.firstElementChild)
    }
  }
  watch(document)
  const pools = document.getElementById('pool-list')
  if (pools === null) return
  new MutationObserver((changes) => {
    for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes]))
      if (node instanceof HTMLElement) watch(node)
  }).observe(pools, { childList: true })
}

/** @param {HTMLElement} scroller */
function update(scroller) {
  const scrolls =
    scroller.scrollWidth > scroller.clientWidth + 1 || scroller.scrollHeight > scroller.clientHeight + 1
  if (scrolls) scroller.tabIndex = 0
  else scroller.removeAttribute('tabindex')
}
