/* An element with classes, and text or another element in it. Text never becomes markup. */
function make(tag, classes = "", content = "") {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  if (content) element.append(content);
  return element;
}
