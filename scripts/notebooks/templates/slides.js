const SMALLEST = 75;  // percent

// A slide that is too tall is set smaller; if that is not enough, its CSS lets it scroll.
function fit() {
  const slide = Reveal.getCurrentSlide();
  if (!slide || Reveal.isPrintingPDF()) return;
  for (let percent = 100; percent >= SMALLEST; percent -= 5) {
    slide.style.setProperty('--scale', percent / 100);
    if (slide.scrollHeight <= Reveal.getConfig().height) break;
  }
  Reveal.layout();
}

Reveal.on('slidechanged', fit);
// Formulas and pictures have their sizes only now.
window.addEventListener('load', () => MathJax.startup.promise.then(fit));
