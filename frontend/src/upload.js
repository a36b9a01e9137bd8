// The field for files: says which were chosen, and shows that something is held over it.
const names = (input) => document.getElementById(input.dataset.names ?? "files-chosen");

document.addEventListener("change", (event) => {
  if (event.target.type !== "file" || !names(event.target)) return;
  names(event.target).textContent = Array.from(event.target.files, (file) => file.name).join(", ");
});

for (const [kind, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(kind, (event) => event.target.closest?.("[data-drop]")?.classList.toggle("is-over", over));
}
