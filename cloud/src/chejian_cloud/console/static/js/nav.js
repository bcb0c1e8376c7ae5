// Menus of the breadcrumbs: one open at a time; Escape or a click elsewhere closes it. Without this script they still open.
const menus = [...document.querySelectorAll('details.jump')];

const close = (menu) => {
  if (menu.open) menu.open = false;
};

for (const menu of menus) {
  menu.addEventListener('toggle', () => {
    if (menu.open) menus.filter((other) => other !== menu).forEach(close);
  });
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !menu.open) return;
    close(menu);
    menu.querySelector('summary').focus();
  });
}

document.addEventListener('click', (event) => {
  menus.filter((menu) => !menu.contains(event.target)).forEach(close);
});
