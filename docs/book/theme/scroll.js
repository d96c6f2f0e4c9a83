// Code that is wider than the page scrolls: by the keyboard, too.
for (const code of document.querySelectorAll("pre > code")) {
  if (code.scrollWidth > code.clientWidth) code.tabIndex = 0;
}
