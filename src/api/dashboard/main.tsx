import { render } from 'preact';
import { App } from './frame/app.js';

const root = document.getElementById('app');
if (root === null) throw new Error('the shell has no place for the application');
render(<App />, root);
