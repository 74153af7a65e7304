/** Whether this is a development build (`tools/dashboard.js`), which has the gallery page. */
declare const DEVELOPMENT: boolean;
