var r=class extends Error{constructor(e,n=""){super(`${e} ${n}`.trim());this.code=e;this.detail=n}code;detail};export{r as a};
